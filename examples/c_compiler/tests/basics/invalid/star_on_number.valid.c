// expect_exit: 6
int main(void) {
    int n = 6;
    int *p = &n;
    return *p;
}
