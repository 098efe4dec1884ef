// expect_stdout: 25 5 3
// continue goes to the step of a for loop, and to the test of the others.
int printf(const char *format, ...);

int main(void) {
    int odd = 0, n = 0, last = 0;
    for (int i = 0; i < 10; i++) {
        if (i % 2 == 0)
            continue;
        odd += i;
    }
    while (n < 10) {
        n++;
        if (n > 5)
            continue;
        last = n;
    }
    do {
        n--;
        if (n == 3)
            continue;
    } while (n > 3);
    printf("%d %d %d\n", odd, last, n);
    return 0;
}
