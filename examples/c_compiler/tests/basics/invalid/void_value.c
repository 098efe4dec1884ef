// expect_error
void six(void) {
}

int main(void) {
    int x = 1 + six();
    return x;
}
