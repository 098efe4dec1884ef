// expect_stdout: 0 19 32997 65516
int printf(const char *format, ...);

int values[2000];

void sort(int *data, int low, int high) {
    int i = low, j = high, pivot = data[(low + high) / 2];
    while (i <= j) {
        while (data[i] < pivot)
            i++;
        while (data[j] > pivot)
            j--;
        if (i <= j) {
            int old = data[i];
            data[i++] = data[j];
            data[j--] = old;
        }
    }
    if (low < j)
        sort(data, low, j);
    if (i < high)
        sort(data, i, high);
}

int main(void) {
    unsigned int seed = 12345;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1103515245u + 12345u;
        values[i] = seed >> 16;
    }
    sort(values, 0, 1999);
    int wrong = 0;
    for (int i = 1; i < 2000; i++)
        wrong += values[i - 1] > values[i];
    printf("%d %d %d %d\n", wrong, values[0], values[1000], values[1999]);
    return 0;
}
