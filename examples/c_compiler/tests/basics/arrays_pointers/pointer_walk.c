// expect_stdout: 54321 5
// expect_stdout: 2 3 1
// expect_stdout: 1 1
int printf(const char *format, ...);

int main(void) {
    int values[6] = {5, 4, 3, 2, 1, 0};
    int *p = values, sum = 0;
    while (*p)
        sum = sum * 10 + *p++;
    printf("%d %d\n", sum, (int)(p - values));
    p = &values[5];
    p -= 2;
    printf("%d %d %d\n", *p, p[-1], *(p + 1));
    printf("%d %d\n", p > values, p == values + 3);
    return 0;
}
