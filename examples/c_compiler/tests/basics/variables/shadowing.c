// expect_stdout: 13
// expect_stdout: 22
// expect_stdout: 1
int printf(const char *format, ...);

int main(void) {
    int x = 1;
    {
        int x = 2;
        {
            int x = 3;
            x = x + 10;
            printf("%d\n", x);
        }
        x = x + 20;
        printf("%d\n", x);
    }
    printf("%d\n", x);
    return 0;
}
