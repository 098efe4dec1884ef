// expect_exit: 3
int main(void) {
    int n = 3;
    while (n)
        break;
    return n;
}
