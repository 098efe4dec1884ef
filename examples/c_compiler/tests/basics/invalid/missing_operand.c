// expect_error
int main(void) {
    int x = 4 + ;
    return x;
}
