// expect_stdout: 11 2 5
// expect_stdout: 10 9 word 5
int printf(const char *format, ...);

int primes[] = {2, 3, 5, 7, 11};
int padded[6] = {1, 2};
char word[] = "word";

int main(void) {
    int local[] = {4, 5, 6,};
    int rest[8] = {9};
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum += rest[i];
    printf("%d %d %d\n", primes[4], padded[1] + padded[5], (int)(sizeof primes / sizeof primes[0]));
    printf("%d %d %s %d\n", local[0] + local[2], sum, word, (int)sizeof word);
    return 0;
}
