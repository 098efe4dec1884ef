// expect_stdout: 16383: 0 0 14
int printf(const char *format, ...);

int moves;
int height[3];

void hanoi(int n, int from, int to, int spare) {
    if (n == 0)
        return;
    hanoi(n - 1, from, spare, to);
    height[from]--;
    height[to]++;
    moves++;
    hanoi(n - 1, spare, to, from);
}

int main(void) {
    height[0] = 14;
    hanoi(14, 0, 2, 1);
    printf("%d: %d %d %d\n", moves, height[0], height[1], height[2]);
    return 0;
}
