// expect_stdout: 28 365
int printf(const char *format, ...);

int days(int month) {
    switch (month) {
    case 2:
        return 28;
    case 4:
    case 6:
    case 9:
    case 11:
        return 30;
    default:
        return 31;
    }
}

int main(void) {
    int sum = 0;
    for (int month = 1; month <= 12; month++)
        sum += days(month);
    printf("%d %d\n", days(2), sum);
    return 0;
}
