// expect_stdout: 1 2 3 9
int printf(const char *format, ...);

int size(int n) {
    if (n < 10)
        return 1;
    else if (n < 100)
        return 2;
    else if (n < 1000) {
        return 3;
    } else
        return 9;
}

int main(void) {
    printf("%d %d %d %d\n", size(5), size(50), size(999), size(1000));
    return 0;
}
