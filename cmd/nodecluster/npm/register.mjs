import './register.cjs'
