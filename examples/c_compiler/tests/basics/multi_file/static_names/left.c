static int secret = 10;

static int helper(void) {
    return secret++;
}

int left(void) {
    return helper() + 1;
}
