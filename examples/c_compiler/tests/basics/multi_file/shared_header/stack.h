int printf(const char *format, ...);
void push(int value);
int pop(void);
int empty(void);
