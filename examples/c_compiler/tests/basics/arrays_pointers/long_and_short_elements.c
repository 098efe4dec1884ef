// expect_stdout: 3000000281 -400 2
int printf(const char *format, ...);

int main(void) {
    long wide[3] = {1, -2, 3000000000};
    short narrow[4] = {1, -2, 300, -400};
    unsigned char bytes[3] = {255, 1, 128};
    long sum = 0;
    for (int i = 0; i < 3; i++)
        sum += wide[i] + narrow[i + 1] + bytes[i];
    short *p = narrow + 1;
    long *q = &wide[2];
    printf("%ld %d %d\n", sum, *(p + 2), (int)(q - wide));
    return 0;
}
