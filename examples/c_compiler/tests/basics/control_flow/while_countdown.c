// expect_stdout: 5 4 3 2 1 go
int printf(const char *format, ...);

int main(void) {
    int n = 5;
    while (n) {
        printf("%d ", n);
        n = n - 1;
    }
    printf("go\n");
    while (n > 0)
        n = 100;
    return n;
}
