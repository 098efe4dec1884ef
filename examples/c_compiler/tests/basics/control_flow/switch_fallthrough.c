// expect_stdout: 111,11,10,-1,111,
int printf(const char *format, ...);

int main(void) {
    for (int n = 0; n < 5; n++) {
        int score = 0;
        switch (n) {
        default:
            score += 100;
        case 1:
            score += 1;
        case 2:
            score += 10;
            break;
        case 3:
            score = -1;
        }
        printf("%d,", score);
    }
    printf("\n");
    return 0;
}
