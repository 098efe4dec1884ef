// expect_exit: 3
int printf(const char *format, ...);

int main(void) {
    ;
    {}
    {;}
    for (int i = 0; i < 3; i++);
    if (1); else printf("never\n");
    while (0) {}
    int done = 3;;
    return done;
}
