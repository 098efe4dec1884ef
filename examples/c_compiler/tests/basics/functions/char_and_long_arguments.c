// expect_stdout: 10000000189
// expect_stdout: 65 -1
int printf(const char *format, ...);

long mix(char c, long big, short s, unsigned char u) {
    return c + big * 2 + s + u;
}

char low(int value) {
    return value;
}

int main(void) {
    printf("%ld\n", mix(-1, 5000000000, -10, 200));
    printf("%d %d\n", low(65), low(511));
    return 0;
}
