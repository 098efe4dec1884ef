// expect_stdout: 4 2 -600
// A value is cut to the width of the variable that it is stored in.
int printf(const char *format, ...);

int main(void) {
    unsigned char byte = 250;
    unsigned short word = 65535;
    short negative = -300;
    byte = byte + 10;
    word = word + 3;
    negative = negative * 2;
    printf("%d %d %d\n", byte, word, negative);
    return 0;
}
