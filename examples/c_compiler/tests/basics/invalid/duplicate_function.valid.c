// expect_exit: 1
int one(void) {
    return 1;
}

int one_more(void) {
    return 1;
}

int main(void) {
    return one();
}
