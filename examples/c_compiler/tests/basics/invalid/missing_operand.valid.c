// expect_exit: 5
int main(void) {
    int x = 4 + 1;
    return x;
}
