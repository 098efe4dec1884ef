// expect_stdout: 3 21 10
// expect_stdout: 7 24
int printf(const char *format, ...);

int table[3][4];

int main(void) {
    int small[2][3] = {{1, 2, 3}, {4, 5, 6}};
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 4; column++)
            table[row][column] = 10 * row + column;
    printf("%d %d %d\n", table[0][3], table[2][1], table[1][0]);
    printf("%d %d\n", small[1][0] + small[0][2], (int)sizeof small);
    return 0;
}
