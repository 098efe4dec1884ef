// expect_stdout: 1 2 4 8
// expect_stdout: 40 4 8 4
// expect_stdout: -56 255 4294967295
// expect_stdout: 8589934592 1000000
int printf(const char *format, ...);

int main(void) {
    int numbers[10];
    char *text = "abc";
    printf("%d %d %d %d\n", (int)sizeof(char), (int)sizeof(short), (int)sizeof(int), (int)sizeof(long));
    printf("%d %d %d %d\n", (int)sizeof numbers, (int)sizeof(numbers[0]), (int)sizeof text, (int)sizeof("abc"));
    printf("%d %d %u\n", (char)200, (unsigned char)-1, (unsigned int)-1);
    printf("%ld %d\n", (long)1 << 33, (int)(10000000000 / 10000));
    return 0;
}
