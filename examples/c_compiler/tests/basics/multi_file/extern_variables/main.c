// expect_stdout: total 25: 15 12 25
int printf(const char *format, ...);

extern int total;
extern int history[4];
extern char *label;
void count(int by);

int main(void) {
    count(10);
    count(-3);
    total *= 2;
    count(1);
    printf("%s %d: %d %d %d\n", label, total, history[0], history[1], history[2]);
    return 0;
}
