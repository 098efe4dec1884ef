// expect_error
int main(void) {
    int sum = 0;

    for (int i = 0; i < 3; i++)
        sum += i;
    return sum + i;
}
