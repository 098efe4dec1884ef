// expect_stdout: 42
int printf(const char *format, ...);
int twice(int n);

int main(void) {
    printf("%d\n", twice(21));
    return 0;
}
