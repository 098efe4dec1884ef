// expect_stdout: 9
// expect_stdout: 21
// expect_stdout: 69 46
int printf(const char *format, ...);

int main(void) {
    int x = 10;
    x += 5;
    x -= 3;
    x *= 4;
    x /= 5;
    printf("%d\n", x);
    x %= 4;
    x <<= 5;
    x |= 9;
    x ^= 3;
    x &= 0x2B;
    x >>= 1;
    printf("%d\n", x);
    int y = x += 2;
    x += y *= 2;
    printf("%d %d\n", x, y);
    return 0;
}
