// expect_exit: 7
int six(void) {
    return 6;
}

int main(void) {
    int x = 1 + six();
    return x;
}
