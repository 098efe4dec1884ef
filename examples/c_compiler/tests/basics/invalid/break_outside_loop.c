// expect_error
int main(void) {
    int n = 3;
    break;
    return n;
}
