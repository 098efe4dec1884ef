// expect_stdout: 4: 2
// expect_stdout: 5: 10
// expect_stdout: 6: 4
// expect_stdout: 7: 40
// expect_stdout: 8: 92
int printf(const char *format, ...);

int column[8], solutions;

int safe(int row, int at) {
    for (int above = 0; above < row; above++) {
        int distance = column[above] - at;
        if (distance == 0 || distance == row - above || distance == above - row)
            return 0;
    }
    return 1;
}

void place(int row, int size) {
    if (row == size) {
        solutions++;
        return;
    }
    for (int at = 0; at < size; at++)
        if (safe(row, at)) {
            column[row] = at;
            place(row + 1, size);
        }
}

int main(void) {
    for (int size = 4; size <= 8; size++) {
        solutions = 0;
        place(0, size);
        printf("%d: %d\n", size, solutions);
    }
    return 0;
}
