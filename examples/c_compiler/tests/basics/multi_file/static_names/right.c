static int secret = 200;

static int helper(void) {
    return --secret;
}

int right(void) {
    return helper();
}
