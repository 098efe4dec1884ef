// expect_stdout: 6
int printf(const char *format, ...);
int later(int, int second);

int main(void) {
    printf("%d\n", later(10, 4));
    return 0;
}

int later(int first, int second) {
    return first - second;
}
