// expect_stdout: 12 1 6
int printf(const char *format, ...);

int gcd(int a, int b) {
    while (b != 0) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int main(void) {
    printf("%d %d %d\n", gcd(48, 36), gcd(17, 5), gcd(270, 192));
    return 0;
}
