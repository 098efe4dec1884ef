// expect_stdout: 8 20 1
int printf(const char *format, ...);

void swap(int *a, int *b) {
    int old = *a;
    *a = *b;
    *b = old;
}

int main(void) {
    int x = 3, y = 8;
    int *p = &x;
    *p = *p + 1;
    swap(&x, &y);
    p = &y;
    int **pp = &p;
    **pp *= 5;
    printf("%d %d %d\n", x, y, *p == y);
    return 0;
}
