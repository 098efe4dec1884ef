// expect_exit: 7
int main(void) {
    int n = 6;
    int *p = &(n);
    return *p + 1;
}
