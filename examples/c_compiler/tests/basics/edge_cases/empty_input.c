// expect_stdout: 0
int printf(const char *format, ...);
int getchar(void);

int main(void) {
    int count = 0;
    while (getchar() >= 0)
        count++;
    printf("%d\n", count);
    return 0;
}
