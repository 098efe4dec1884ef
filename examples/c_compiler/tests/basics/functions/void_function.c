// expect_stdout: *******
int printf(const char *format, ...);

void stars(int n) {
    if (n < 1)
        return;
    printf("*");
    stars(n - 1);
}

int main(void) {
    stars(0);
    stars(7);
    printf("\n");
    return 0;
}
