// expect_stdout: 9 7 15
int printf(const char *format, ...);

int largest(int values[], int count) {
    int best = values[0];
    for (int i = 1; i < count; i++)
        if (values[i] > best)
            best = values[i];
    return best;
}

int trace(int square[3][3]) {
    return square[0][0] + square[1][1] + square[2][2];
}

int main(void) {
    int values[] = {3, 9, -4, 7};
    int square[3][3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
    printf("%d %d %d\n", largest(values, 4), largest(values + 2, 2), trace(square));
    return 0;
}
