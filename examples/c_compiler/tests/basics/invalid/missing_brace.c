// expect_error
int main(void) {
    int x = 2;
    if (x) {
        x = 5;

    return x;
}
