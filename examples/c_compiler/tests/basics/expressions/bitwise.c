// expect_stdout: 48 252 204 15
// expect_stdout: 127 -5
int printf(const char *format, ...);

int main(void) {
    int a = 0xF0, b = 0x3C;
    printf("%d %d %d %d\n", a & b, a | b, a ^ b, ~a & 0xFF);
    printf("%d %d\n", -1 & 0x7F, -8 | 3);
    return 0;
}
