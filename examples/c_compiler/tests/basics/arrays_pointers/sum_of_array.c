// expect_stdout: 30 7
int printf(const char *format, ...);

int main(void) {
    int values[5];
    for (int i = 0; i < 5; i++)
        values[i] = i * i;
    int sum = 0;
    for (int i = 0; i < 5; i++)
        sum += values[i];
    printf("%d %d\n", sum, values[4] - values[3]);
    return 0;
}
