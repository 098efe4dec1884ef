// expect_stdout: desserts 8
// expect_stdout: stressed
int printf(const char *format, ...);

int length(const char *text) {
    int n = 0;
    while (text[n])
        n++;
    return n;
}

void copy(char *to, const char *from) {
    while ((*to++ = *from++))
        ;
}

void reverse(char *text) {
    int last = length(text) - 1;
    for (int i = 0; i < last; i++, last--) {
        char c = text[i];
        text[i] = text[last];
        text[last] = c;
    }
}

int main(void) {
    char buffer[20];
    copy(buffer, "desserts");
    printf("%s %d\n", buffer, length(buffer));
    reverse(buffer);
    printf("%s\n", buffer);
    return 0;
}
