// expect_stdout: 5 7 7 5 5
// expect_stdout: 11 21 30 2
int printf(const char *format, ...);

int main(void) {
    int i = 5;
    int a = i++;
    int b = ++i;
    int c = i--;
    int d = --i;
    printf("%d %d %d %d %d\n", a, b, c, d, i);
    int values[3] = {10, 20, 30};
    int at = 0;
    values[at++] += 1;
    values[at++]++;
    printf("%d %d %d %d\n", values[0], values[1], values[2], at);
    return 0;
}
