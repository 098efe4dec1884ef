// expect_exit: 5
int main(void) {
    int x = 2;
    if (x) {
        x = 5;
    }
    return x;
}
