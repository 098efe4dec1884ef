// expect_stdout: 14 10
int printf(const char *format, ...);

int main(void) {
    int i = 0;
    for (;;) {
        if (i == 4)
            break;
        i = i + 1;
    }
    for (; i < 10;)
        i = i + 5;
    int sum = 0;
    for (int i = 1; i <= 4; i = i + 1)
        sum = sum + i;
    printf("%d %d\n", i, sum);
    return 0;
}
