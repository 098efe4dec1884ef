// expect_exit: 2
int main(void) {
    int a[2] = {1, 2};
    int *b;
    b = a;
    return b[1];
}
