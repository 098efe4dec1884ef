// expect_exit: 3
int main(void) {
    int sum = 0;
    int i = 0;
    for (int i = 0; i < 3; i++)
        sum += i;
    return sum + i;
}
