// stdin: 12 7
// stdin: 30
// expect_stdout: 49 2
int printf(const char *format, ...);
int getchar(void);

int main(void) {
    int c, sum = 0, number = 0, lines = 0;
    while ((c = getchar()) != -1) {
        if (c >= '0' && c <= '9') {
            number = number * 10 + (c - '0');
            continue;
        }
        sum += number;
        number = 0;
        if (c == '\n')
            lines++;
    }
    printf("%d %d\n", sum, lines);
    return 0;
}
