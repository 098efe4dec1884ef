// expect_exit: 7
int main(void) {
    int total = 3;
    int count = 4;
    return total + count;
}
