// expect_error
int main(void) {
    int a[2] = {1, 2};
    int b[2];
    b = a;
    return b[1];
}
