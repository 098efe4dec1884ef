// expect_error
int one(void) {
    return 1;
}

int one(void) {
    return 1;
}

int main(void) {
    return one();
}
