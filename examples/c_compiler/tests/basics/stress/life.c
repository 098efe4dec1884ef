// expect_stdout: #.........##
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ............
// expect_stdout: ...........#
// expect_stdout: #...........
int printf(const char *format, ...);
int putchar(int c);

char cells[2][12][12];

int neighbours(int now, int y, int x) {
    int count = -cells[now][y][x];
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            count += cells[now][(y + dy + 12) % 12][(x + dx + 12) % 12];
    return count;
}

int main(void) {
    const char *glider = ".#...####";
    int now = 0;
    for (int i = 0; glider[i]; i++)
        cells[0][i / 3][i % 3] = glider[i] == '#';
    for (int generation = 0; generation < 40; generation++) {
        for (int y = 0; y < 12; y++)
            for (int x = 0; x < 12; x++) {
                int n = neighbours(now, y, x);
                cells[!now][y][x] = n == 3 || (n == 2 && cells[now][y][x]);
            }
        now = !now;
    }
    for (int y = 0; y < 12; y++) {
        for (int x = 0; x < 12; x++)
            putchar(cells[now][y][x] ? '#' : '.');
        putchar('\n');
    }
    return 0;
}
