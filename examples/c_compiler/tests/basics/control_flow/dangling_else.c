// expect_stdout: 1 2 3
// An else belongs to the nearest if.
int printf(const char *format, ...);

int classify(int a, int b) {
    if (a)
        if (b)
            return 1;
        else
            return 2;
    return 3;
}

int main(void) {
    printf("%d %d %d\n", classify(1, 1), classify(1, 0), classify(0, 1));
    return 0;
}
