// expect_stdout: 21
// expect_stdout: 20
// expect_stdout: 44
int printf(const char *format, ...);

int main(void) {
    int a, b, c;
    a = b = c = 7;
    printf("%d\n", a + b + c);
    printf("%d\n", (a = 2) * 10);
    char narrow;
    int wide = narrow = 300;
    printf("%d\n", wide);
    if ((b = a - 2))
        printf("not reached\n");
    return b;
}
