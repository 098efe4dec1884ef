// expect_stdout: AB 65 -5
int printf(const char *format, ...);

int main(void) {
    char letter = 'A';
    char next = letter + 1;
    char small = -5;
    printf("%c%c %d %d\n", letter, next, letter, small);
    return 0;
}
