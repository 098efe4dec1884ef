// expect_error
int main(void) {
    int n = 6;
    int p = n;
    return *p;
}
